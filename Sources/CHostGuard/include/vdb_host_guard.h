/* Nothing to call: what this target defines acts as the library is linked or loaded. */
