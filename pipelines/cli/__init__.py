"""What the commands of `pipelines.cli.app` do, one module a concern; they may use every stage.

Each imports what it needs when it runs, so that a command pays for its own work only.
"""
