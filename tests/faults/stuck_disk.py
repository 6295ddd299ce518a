"""A file system that never answers, so that whoever looks at it can't even be killed: stuck_disk.py DIRECTORY.

Mounted in a namespace of this process, which needs no privileges but /dev/fuse; others reach it through
/proc/PID/root/DIRECTORY. Says "ready", then "asked" when somebody waits for it, who is released when this process ends.
"""

import ctypes
import os
import struct
import sys

NEW_MOUNTS, NEW_USERS = 0x00020000, 0x10000000
INIT = 26  # the only request that is answered; everything here is as in linux/fuse.h
HEADER = struct.Struct("<IIQQIIII")
LIBC = ctypes.CDLL(None, use_errno=True)


def check(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def mount(directory: str) -> int:
    uid, gid = os.getuid(), os.getgid()
    check(LIBC.unshare(NEW_MOUNTS | NEW_USERS))
    for name, line in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    check(LIBC.mount(b"stuck", directory.encode(), b"fuse", 0, options))
    return device


def main(directory: str) -> None:
    device = mount(directory)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        _, kind, number, *_ = HEADER.unpack_from(os.read(device, 1 << 18))
        if kind == INIT:
            answer = struct.pack("<IIIIHHIIHHI28x", 7, 31, 65536, 0, 12, 10, 65536, 1, 0, 0, 0)
            os.write(device, struct.pack("<IiQ", 16 + len(answer), 0, number) + answer)
        else:
            sys.stdout.write("asked\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
