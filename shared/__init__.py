"""What every part of Switchyard shares: the model, the ports, the engine and the adapters behind them."""
