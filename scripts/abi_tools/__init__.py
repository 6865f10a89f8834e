"""Reads include/vectordb.h and makes from it what machines need: manifest, prototypes, layouts, call tables."""
