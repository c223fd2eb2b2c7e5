"""What an operator does with the machines themselves: name them to Ansible, meet them first, ask how they are.

ssh.py, and what imports it, needs the extra "ops" (paramiko), which the core's own installation has not.
"""
