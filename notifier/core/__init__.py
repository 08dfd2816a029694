"""Pure: a listing row → lead → changes → events; what became of an attempt; pauses."""
