"""Receivers that run on loopback: what the program sends is caught here."""
