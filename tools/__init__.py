"""What builds, tests and checks the project. Nothing here is part of the product."""
