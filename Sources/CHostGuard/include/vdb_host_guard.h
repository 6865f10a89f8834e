/* Nothing to call: the linker puts what this target defines in the place of the C library's. */
