import VectorBackends
import VectorModel

extension HTTPEndpoint {
  /// Reads whom to trust: the options "ca_file" and "insecure".
  ///
  /// Errors: `invalidOption` where they come without TLS. Whoever names an authority expects that nobody else can read.
  mutating func readTrust(_ options: RemoteOptions) throws(VectorError) {
    caFile = try options.text("ca_file")
    verifiesTLS = try options.boolean("insecure") != true
    if scheme == .http, caFile != nil || !verifiesTLS {
      let option = caFile == nil ? "insecure" : "ca_file"
      throw VectorError(.invalidOption, "option \"\(option)\" needs \"tls\": true or a URL with https://")
    }
  }
}
