"""The seven stages of a call and the transport to the providers."""
