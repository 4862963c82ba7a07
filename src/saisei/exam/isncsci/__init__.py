"""The International Standards for Neurological Classification of Spinal Cord Injury (ISNCSCI, 2019)."""
