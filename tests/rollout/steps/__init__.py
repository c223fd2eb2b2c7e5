"""The steps, by subject; each is a function of the stage that raises where something is not as it should be."""
