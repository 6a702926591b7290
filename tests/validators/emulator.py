"""Runs an AWS emulator until standard input is closed, then kills it and all processes that it has started.

    emulator.py ministack|moto PORT

Standard input is a pipe from the test process. The kernel closes it even if the test process is killed, so
no emulator outlives the tests.
"""
import os
import runpy
import shutil
import signal
import sys
import threading

name, port = sys.argv[1:]
# The processes of the functions inherit this process group, so that one signal ends all of them.
os.setpgrp()


def kill_when_input_closes():
    os.read(0, 1)
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


threading.Thread(target=kill_when_input_closes, daemon=True).start()
if name == "ministack":
    # Checks schedules every half a second instead of every ten seconds, to make the tests faster.
    from ministack.services import scheduler
    scheduler._SCHEDULE_TICK_INTERVAL = 0.5
    sys.argv = [name]
    runpy.run_module("ministack", run_name="__main__")
else:
    sys.argv = [name, "--host", "127.0.0.1", "--port", port]
    runpy.run_module("moto.server", run_name="__main__")
