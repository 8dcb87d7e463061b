"""Foreign files, turned into the form of the bundle. Pure: each module reads one kind, and says in notes what it could not take."""
