import CVectorDB
import Support
import VectorKernels
import VectorModel

@c @implementation
public func vdb_cpu_features_json(
  _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ out_length: UnsafeMutablePointer<Int>?
) -> vdb_status {
  boundary { () throws(VectorError) in
    try ownedJSON(out_json, out_length) { json in
      let processor = CPUFeatures.current
      json.object { json in
        json.field("architecture", processor.architecture)
        json.field("kernels", processor.level)
        json.array("features", processor.features)
      }
    }
  }
}
