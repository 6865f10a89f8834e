import CSupport

/// Whether the process could get `bytes` more memory at this moment.
///
/// To be asked before Swift collections of a size that a caller decides are filled: they end the process when they find no
/// memory, and so does everything else of Swift. Whatever can take memory that may fail takes that instead. Other threads
/// may be faster, so this makes the end unlikely, not impossible. Costs two system calls; little is not asked for at all.
package func isMemoryAvailable(_ bytes: Int) -> Bool {
  bytes < 1 << 16 || vdb_memory_available(bytes) != 0
}
