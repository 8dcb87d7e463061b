"""The test gate: a change of a prompt, measured on a dataset, with its interval. The command, the Action and the pytest plug-in use it."""
