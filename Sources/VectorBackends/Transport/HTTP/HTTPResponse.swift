import Support

/// An answer that arrived whole, whatever its status.
package struct HTTPResponse {
  package let status: Int
  package let headers: HTTPHeaders
  /// What stood behind the body.
  package let trailers: HTTPHeaders
  package let body: ColumnBuffer<UInt8>

  package init(status: Int, headers: HTTPHeaders, trailers: HTTPHeaders, body: ColumnBuffer<UInt8>) {
    self.status = status
    self.headers = headers
    self.trailers = trailers
    self.body = body
  }

  package var isSuccess: Bool { (200..<300).contains(status) }

  /// Lends the body out.
  package func withBody<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self.body) {} }
    return try body(UnsafeRawBufferPointer(self.body.elements))
  }
}

/// The header lines of an answer, kept as they came: few are ever looked at.
package struct HTTPHeaders {
  private let lines: ColumnBuffer<UInt8>

  /// Lines end with a line feed, as they do on the wire.
  package init(lines: ColumnBuffer<UInt8> = ColumnBuffer()) { self.lines = lines }

  /// The value of a header without the white space around it, the first where it is repeated. The name's case does not matter.
  /// O(bytes of all headers).
  package subscript(name: String) -> String? {
    defer { withExtendedLifetime(lines) {} }
    let bytes = lines.elements
    var name = name
    return name.withUTF8 { name in
      var start = 0
      while start < bytes.count {
        let line = bytes[start...].prefix { $0 != 0x0A }
        start = line.endIndex + 1
        guard line.count > name.count, line[line.startIndex + name.count] == 0x3A else { continue }
        guard zip(line, name).allSatisfy({ Self.lowercased($0) == Self.lowercased($1) }) else { continue }
        let value = line.dropFirst(name.count + 1)
        guard let first = value.firstIndex(where: { !Self.isSpace($0) }),
          let last = value.lastIndex(where: { !Self.isSpace($0) })
        else { return "" }
        return String(decoding: value[first...last], as: UTF8.self)
      }
      return nil
    }
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
}
