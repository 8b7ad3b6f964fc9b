"""The rules, by what they look at; `pipelines.reconciled.RULES` lists them."""
