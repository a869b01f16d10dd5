"""The real servers that Kitestream is tried against: fetched once, started and stopped on demand."""
