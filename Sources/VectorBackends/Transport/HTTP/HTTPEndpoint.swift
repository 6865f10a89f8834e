/// Where HTTP requests go, and under which terms: everything that makes two connections interchangeable.
///
/// `proxy` may hold a password, so the whole is never logged.
package struct HTTPEndpoint: Sendable {
  package enum Scheme: String, Sendable { case http, https }

  /// Which version is spoken.
  package enum Version: Sendable {
    /// HTTP/2 where a server behind TLS offers it, else HTTP/1.1.
    case negotiated
    /// HTTP/2 at once, also without TLS: for servers that speak nothing else.
    case http2
  }

  package var scheme: Scheme
  /// A name or an address; IPv6 without brackets.
  package var host: String
  package var port: Int
  /// Stands before the path of each request: percent-encoded, beginning with a slash unless empty, not ending with one.
  package var basePath = ""
  package var version = Version.negotiated
  /// false takes any certificate: for tests with servers of one's own.
  package var verifiesTLS = true
  /// PEM file with the authorities to trust; nil = the system's.
  package var caFile: String?
  /// URL of a proxy; nil = what libcurl's usual environment variables say, "" = none.
  package var proxy: String?
  /// Longest time to connect, in nanoseconds, TLS included. Never beyond the call's deadline.
  package var connectTimeout: UInt64 = 5_000_000_000
  /// Largest body of an answer, after it was decompressed.
  package var maxResponseBytes = 256 << 20
  /// Asks for compressed bodies.
  package var acceptsCompressed = true
  package var userAgent = "libvectordb"

  package init(scheme: Scheme, host: String, port: Int) {
    self.scheme = scheme
    self.host = host
    self.port = port
  }

  /// Scheme, host and port as they begin a URL.
  package var origin: String { "\(scheme.rawValue)://\(authority)" }

  /// Host and port as they stand in a URL.
  package var authority: String {
    let isIPv6 = host.utf8.contains(0x3A)
    return isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
