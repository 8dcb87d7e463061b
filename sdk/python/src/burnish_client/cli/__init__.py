"""The commands of a developer: `pip install 'burnish-client[cli]'`, or with the whole of Burnish. Needs typer, rich and PyYAML."""
