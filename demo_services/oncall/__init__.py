"""Who is on call in the demo: takes the Alertmanager's notifications, shows them, has runbooks."""
