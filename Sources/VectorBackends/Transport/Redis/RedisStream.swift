import Support

/// Bytes to and from a server, over a socket or through TLS. One thread at a time; no function waits.
protocol RedisStream: AnyObject {
  /// What to wait for with `vdb_wait_socket`.
  var descriptor: Int32 { get }

  /// Sends a beginning of `bytes`: how many, 0 when none can be sent now.
  func send(_ bytes: UnsafeRawBufferPointer) throws(RedisStreamFailure) -> Int
  /// Fills a beginning of `buffer`: how much, 0 when nothing has arrived. Reads until that before it waits: bytes may be here
  /// although the descriptor is not readable.
  func receive(_ buffer: UnsafeMutableRawBufferPointer) throws(RedisStreamFailure) -> Int

  /// Ends the connection.
  func close()
  /// In a forked child: closes the descriptor alone.
  func abandon()
}

/// Why no further byte can go through a stream.
enum RedisStreamFailure: Error {
  /// In words, for messages.
  case broken(String)
  /// What arrived is not the protocol of Redis.
  case notRedis
  /// A reply beyond the limits.
  case tooLarge
  case outOfMemory

  static let closedByServer = RedisStreamFailure.broken("the server closed it")
}
