"""Dialogs, generated from Params where there is a plugin behind them."""
