"""Speed and size, measured on the real parts: `python -m tests.bench [names] [--cases N]`. Reports; never a test."""
