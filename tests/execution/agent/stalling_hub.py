"""Be the hub of a spool: with little patience, and one that stands still where a file says so."""

import os
import socket
import sys
import time

from dagtui.execution.agent import hub
from dagtui.execution.agent.conversation import Conversation
from dagtui.execution.agent.meeting import SOCKET
from dagtui.execution.agent.spool import Spool

SILENCE = 1.0


class StallingConversation(Conversation):
    """Stands still after a turn, as one does whose disk has hung."""

    def turn(self, seconds: float | None = None) -> None:
        super().turn(seconds)
        if os.path.exists(STALL):
            os.remove(STALL)
            time.sleep(1.2 * SILENCE)


STALL = f"{sys.argv[1]}.stall"
hub.Conversation, hub._SILENCE, hub._LINGER = StallingConversation, SILENCE, 0.1
spool = Spool(sys.argv[1])
os.chdir(spool.path)
listening = socket.socket(socket.AF_UNIX)
listening.bind(SOCKET)
listening.listen(8)
sys.stdout.write("it listens\n")
sys.stdout.flush()
hub.run_hub(spool, listening, 0.1)
