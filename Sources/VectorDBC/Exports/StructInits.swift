import CVectorDB
import VectorModel

@c @implementation
public func vdb_vectors_init(_ options: UnsafeMutablePointer<vdb_vectors>?, _ struct_size: UInt32) -> vdb_status {
  boundary { () throws(VectorError) in try writeStruct(Defaults.vectors, to: options, size: struct_size, "options") }
}

@c @implementation
public func vdb_strings_init(_ options: UnsafeMutablePointer<vdb_strings>?, _ struct_size: UInt32) -> vdb_status {
  boundary { () throws(VectorError) in try writeStruct(Defaults.strings, to: options, size: struct_size, "options") }
}

@c @implementation
public func vdb_call_options_init(
  _ options: UnsafeMutablePointer<vdb_call_options>?, _ struct_size: UInt32
) -> vdb_status {
  boundary { () throws(VectorError) in try writeStruct(Defaults.call, to: options, size: struct_size, "options") }
}

@c @implementation
public func vdb_search_options_init(
  _ options: UnsafeMutablePointer<vdb_search_options>?, _ struct_size: UInt32
) -> vdb_status {
  boundary { () throws(VectorError) in try writeStruct(Defaults.search, to: options, size: struct_size, "options") }
}

@c @implementation
public func vdb_page_options_init(
  _ options: UnsafeMutablePointer<vdb_page_options>?, _ struct_size: UInt32
) -> vdb_status {
  boundary { () throws(VectorError) in try writeStruct(Defaults.page, to: options, size: struct_size, "options") }
}
