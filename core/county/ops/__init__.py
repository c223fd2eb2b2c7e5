"""What an operator does with the machines themselves: name them to Ansible, meet them first, ask how they are.

First contact and diagnosis run on the core, beside the registry they write: `yizhan-core bootstrap_node`. The train of
a new version (train/) runs where the playbooks are.
"""
