"""Faults on purpose: `make chaos` breaks a whole deployment in every way it knows, by a seed; an oracle outside the hub judges the rest.

    schedule.py   which faults, in what order and how long: a function of the seed
    world.py      what is broken: embedded servers, two hub processes, a worker, agents, viewers
    faults.py     how each kind of fault is made and healed
    proxy.py      the bad network between them; disk.py: the disk that fills up
    desks.py      agents that can be killed and whose clocks are stepped, in a process of their own; device.py: one of them
    oracle.py     what has to hold: nothing acked lost, nothing counted twice, every wall as a fresh one
    run.py        one run, from the first fault to the verdict

Linux only. Everything is on loopback and in one temporary folder; no clock of the machine is touched.
"""
