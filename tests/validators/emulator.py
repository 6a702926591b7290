"""Runs an emulator of AWS until standard input closes, and then ends it with every process it has started.

    emulator.py ministack | moto PORT

A test process that is killed closes its end of the pipe too, so nothing outlives it.
"""
import os
import runpy
import shutil
import signal
import sys
import threading

name, port = sys.argv[1:]
# The functions' processes join this group, so one signal ends all.
os.setpgrp()


def end_with_input():
    os.read(0, 1)
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


threading.Thread(target=end_with_input, daemon=True).start()
if name == "ministack":
    # One-time schedules are looked at every ten seconds; the tests wait for less.
    from ministack.services import scheduler
    scheduler._SCHEDULE_TICK_INTERVAL = 0.5
    sys.argv = [name]
    runpy.run_module("ministack", run_name="__main__")
else:
    sys.argv = [name, "--host", "127.0.0.1", "--port", port]
    runpy.run_module("moto.server", run_name="__main__")
