"""The rollout on real hosts: a county core and three nodes, from bare machines to a restored backup.

`make rollout-test` runs all steps in order and prints the time of each; `--short` takes those of the short form, which
also runs among the tests where hosts can be made. A step is a function in a module of `steps`; see `plan.py`.
"""
