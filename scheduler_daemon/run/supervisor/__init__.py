"""Owns one agent process for one run and outlives the daemon: its log, its limits, its end, its exit record.

Started by ``process.spawn_supervisor``, as a top-level package in a process of its own. A due run waits for every
import made before its agent starts, so there are few, from the standard library only. All modules of this package
are among them: it may be upgraded while a run is under way.
"""
