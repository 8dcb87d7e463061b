"""The Model Context Protocol: prompts, and tools that run, judge and improve them, for agents. Each calls the API's own routes."""
