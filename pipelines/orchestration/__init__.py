"""Dagster: assets, checks, automation and the command that runs them. Nothing else imports Dagster."""
