import Support
import VectorModel

/// Where a server listens, read from a URL or from "host" and "port". Errors name the option, never its value: it may hold a
/// password.
package struct ServerAddress: Sendable, Equatable {
  /// Lower case; nil for a bare "host:port".
  package var scheme: String?
  /// Without brackets, also for IPv6.
  package var host: String
  package var port: Int?
  /// Percent-decoded.
  package var user: String?
  package var password: String?
  /// From the first "/" on, still percent-encoded; empty or beginning with "/".
  package var path: String
  /// Percent-decoded members of the query, in their order.
  package var query: [(name: String, value: String)]

  package init(host: String, port: Int? = nil) {
    (scheme, self.host, self.port, user, password, path, query) = (nil, host, port, nil, nil, "", [])
  }

  /// Reads "scheme://user:password@host:port/path?query". `schemes` are those that make sense; `option` names it in errors.
  package init(url: String, option: String, schemes: [String]) throws(VectorError) {
    let expected = schemes.map { "\($0)://host:port" }.joined(separator: " or ")
    func bad(_ problem: String) -> VectorError {
      VectorError(.invalidOption, "option \"\(option)\" \(problem), expected \(expected)")
    }
    let bytes = Array(url.utf8)
    let separator = Array("://".utf8)
    guard let colon = bytes.firstIndex(of: separator[0]), bytes[colon...].starts(with: separator) else {
      throw bad("has no scheme")
    }
    let scheme = String(decoding: bytes[..<colon], as: UTF8.self).lowercased()
    guard schemes.contains(scheme) else { throw bad("has another scheme") }
    let rest = bytes[(colon + 3)...].prefix { $0 != UInt8(ascii: "#") }
    let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
    let behind = rest[authority.endIndex...]
    let path = behind.prefix { $0 != UInt8(ascii: "?") }

    var place = authority
    var (user, password): (String?, String?)
    if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
      let parts = authority[..<at].split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = parts.first.map(Array.init).flatMap(percentDecoded) else {
        throw bad("has a user that is no text")
      }
      user = name.isEmpty ? nil : name
      if parts.count == 2 {
        guard let text = percentDecoded(Array(parts[1])) else { throw bad("has a password that is no text") }
        password = text
      }
      place = authority[authority.index(after: at)...]
    }
    var address = try Self.hostAndPort(String(decoding: place, as: UTF8.self), option: option)
    address.scheme = scheme
    (address.user, address.password) = (user, password)
    address.path = String(decoding: path, as: UTF8.self)
    for member in behind[path.endIndex...].dropFirst().split(separator: UInt8(ascii: "&")) {
      let pair = member.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = percentDecoded(Array(pair[0])), let value = percentDecoded(pair.count == 2 ? Array(pair[1]) : [])
      else { throw bad("has a query that is no text") }
      address.query.append((name, value))
    }
    self = address
  }

  /// Reads "host", "host:port", "[::1]:port" or a bare IPv6 address.
  package static func hostAndPort(_ text: String, option: String) throws(VectorError) -> ServerAddress {
    func bad(_ problem: String) -> VectorError { VectorError(.invalidOption, "option \"\(option)\" \(problem)") }
    let bytes = Array(text.utf8)
    var (host, port) = (bytes[...], nil as ArraySlice<UInt8>?)
    if bytes.first == UInt8(ascii: "[") {
      guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else { throw bad("has a \"[\" without \"]\"") }
      host = bytes[1..<close]
      let behind = bytes[(close + 1)...]
      guard behind.isEmpty || behind.first == UInt8(ascii: ":") else { throw bad("has text behind \"]\"") }
      port = behind.isEmpty ? nil : behind.dropFirst()
    } else if let colon = bytes.lastIndex(of: UInt8(ascii: ":")), bytes.firstIndex(of: UInt8(ascii: ":")) == colon {
      (host, port) = (bytes[..<colon], bytes[(colon + 1)...])
    }
    guard !host.isEmpty else { throw bad("names no host") }
    // What could end the host and begin something else in a URL or a header.
    guard host.count <= 255, host.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !"/\\@?#[]%\"<>".utf8.contains($0) }) else {
      throw bad("holds characters that no host name has")
    }
    var address = ServerAddress(host: String(decoding: host, as: UTF8.self))
    if let port {
      guard let number = Int(String(decoding: port, as: UTF8.self)), 1...65_535 ~= number else {
        throw bad("has a port that is not a number from 1 to 65535")
      }
      address.port = number
    }
    return address
  }

  /// The host as URLs write it: IPv6 in brackets.
  package var hostInURL: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host }

  /// Whether the host is this machine, so that nothing crosses a network.
  package var isLoopback: Bool {
    // A name may begin with digits, too.
    let isNumeric = host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    return host == "localhost" || host == "::1" || host.hasSuffix(".localhost") || isNumeric && host.hasPrefix("127.")
  }

  package static func == (left: ServerAddress, right: ServerAddress) -> Bool {
    (left.scheme, left.host, left.port, left.user, left.password, left.path)
      == (right.scheme, right.host, right.port, right.user, right.password, right.path)
      && left.query.elementsEqual(right.query) { $0.name == $1.name && $0.value == $1.value }
  }
}

/// Takes `%41` for `A`; nil for what is no UTF-8 then, holds a NUL, or breaks off behind a "%".
package func percentDecoded(_ bytes: [UInt8]) -> String? {
  var result: [UInt8] = []
  var at = 0
  while at < bytes.count {
    if bytes[at] == UInt8(ascii: "%") {
      guard at + 2 < bytes.count, let high = hexadecimalDigit(bytes[at + 1]), let low = hexadecimalDigit(bytes[at + 2])
      else { return nil }
      result.append(high << 4 | low)
      at += 3
    } else {
      result.append(bytes[at])
      at += 1
    }
  }
  return result.contains(0) ? nil : String(validating: result, as: UTF8.self)
}

private func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
