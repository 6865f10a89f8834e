// Link-only: this target carries the linker flags of the product and nothing else.
