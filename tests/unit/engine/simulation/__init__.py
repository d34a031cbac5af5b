"""A year of nights in a test: the engine as it is, on a machine whose time, daemon and agents are made up.

The store is real, and so is every decision. What is made up comes from one seed: tasks and jobs (``author``), people
who change them (``people``), the clock, its being wrong, sleep and crashes (``machine``, ``fate``), the time zones
(``zones``), runs that last, fail, hang and are never started (``agents``). ``watch`` looks at everything as it
happens, and ``account`` at the end for each due time: it must have exactly one run or one reason why not. Neither
asks the engine what is due: ``due_times`` says that in its own way.
"""
