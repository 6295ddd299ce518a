"""The rules of the traversal.

Three tables can be read as such: `transitions` (which status may follow which, why, and with which causes), `commands`
(what a command does to a node, by the node's status) and `triggers` (what the outcomes of its parents do to a node).
The rules apply to the nodes that are part of the run: its targets and all of their ancestors. Every other node is
WAITING and never begins, and its descendants are not part of the run either. A retry adds it with its ancestors.

The other rules have numbers. The code cites them as "rule 5 in `rules`", and the tests by number only.

1. The statuses WAITING, READY, FAILED_PARENT and propagated SKIPPED are a pure function of the tallies of a node's
   parents (by outcome: ok, bad, skip), its trigger and its marks. Tallies change only where a status is set.
2. All input arrives as messages in one queue: results of attempts and commands. Late and duplicate results are
   dropped. A result that was queued before a command wins over the command.
3. When every node is settled, the run parks, and a retry or rerun wakes it. Without a screen, the run ends instead.
4. Verdict: CANCELLED if a person or a signal cancelled the whole run. Otherwise FAILED if any node is FAILED without
   `allow_failure`, or FAILED_PARENT, or was cancelled by the time limit of the run. Otherwise CANCELLED if any node is
   CANCELLED. Otherwise COMPLETED.
5. Work conservation: a READY node that could start now, given slots, pools, pauses and holds, is started. One exception
   keeps nodes that want much from starving: after one has been passed over for as long as a typical attempt takes, what
   it wants is kept free for it until it fits. Its slots are kept only once its pools have what it wants.
6. A CANCELLING node settles by the reason for its stop. A person's command overrides a timeout, and a later command
   overrides an earlier one. Exit status 0 after a cancel gives CANCELLED, and after a timeout FAILED, unless the
   measured time shows that the attempt ended within its timeout. A node that is still alive 10 s after KILL is reported
   as unkillable, and leaving does not wait for it.
7. With `keep_going = false`, the first final failure that is not allowed marks every node that has not begun. RETRYING
   nodes become FAILED, running nodes finish, and nodes with the trigger `all_done` or `any_failed` still run. Retrying
   or rerunning the failed node lifts these marks.
8. A condition (`if`) is asked once the trigger lets a node run, or when the run begins if it reads only parameters, the
   cell and the environment. A false one skips the node. One that can't be decided fails it. A retry of such a node
   runs it without asking its condition. The decision follows from the state, and is taken again when that changes.
9. A node that ran because of how its parents ended (a follower) runs again when a retry, rerun or resume puts that
   end in question. The preview lists it under the nodes that run again, and completed nodes below it become stale.
10. A signal n counts as exit status 128 + n for `exit_codes`. Without `exit_codes`, every failure is retried while
    tries are left. With `exit_codes`, a timeout, or an attempt that was lost or ended from outside, is retried only if
    the list has the word "timeout", "lost" or "outside". `lost` and `outside` are budgets of their own: that many
    attempts that end so are followed by another regardless of `exit_codes`, and they don't count as tries. An attempt
    that an executor on other machines withdrew before it began is not a try either, and its number is not used again.
11. A service holds no slot. Its children count it as ok once it is ready. It is ended when all its descendants are
    settled, and is then COMPLETED. If it ends by itself before, it is FAILED, or RETRYING while tries are left, and
    children that have not begun wait again. A command, a resume or the failure of another service that lets a
    descendant run lets it run again, too. Finally nodes are no such descendants, as they wait for its end, unless it is
    a finally node itself.
12. A finally node begins when every other node of the run is settled, and the run is settled when they are. When a
    command wakes another node, finally nodes wait again, and those that had run are reset. One that runs finishes
    first. A cancel of the whole run leaves them to run, unless only they are left or it is the second one, and ends a
    pause, so that they can. So does the first failure with `keep_going = false`, without that. A failure of a finally
    node stops nothing.
13. A gate that may run asks, also while the run is paused. It stays READY, without slot and attempt, until a person
    answers, once. A retry of what was answered asks again, and its followers run again as in rule 9.
14. A held node begins no attempt, and a held gate does not ask, until a person releases it. To be held is a flag beside
    the status, which follows from the parents as before, so that the node is WAITING or READY, and what is below it
    waits. The flag ends when the node begins all the same, because its attempt could not be withdrawn, when a person
    cancels, skips or marks it, and with a cancel of the whole run. It stays when parents fail or are retried, when the
    first failure stops the run, and over a resume, which also holds what the cancel of the whole run has released.
    While a held node is not settled, the run is not.
15. An executor on other machines is a pool of slots. What is submitted there takes none here, and is submitted only
    when it fits, in critical-path order. READY with the cause QUEUED says why it waits. A pause submits nothing more,
    and what was submitted may begin. A stop or a withdrawal is a wish that may be long in coming true. Attempts go on
    without dagtui: a resume takes those up that were in flight, with their status and number, unless their definition
    has changed. Then they are stopped, and run again. So are those that end when no process has the run, unless they
    had ended by themselves. The executor keeps timeouts, and tells what else ended an attempt: OUTSIDE is a failure,
    never a cancel.
"""
