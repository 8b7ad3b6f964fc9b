"""The rules, by what they look at; `pipelines.reconcile.RULES` lists them."""
