"""The train that brings a new version to the machines: ring after ring, batch after batch, stopped by what goes wrong.

plan.py, judging.py and soaking.py decide and do nothing; inventory.py, plays.py, county.py, record.py and driver.py do.
The train runs on the operator's machine and needs no database; reports.py is read on the core.
"""
