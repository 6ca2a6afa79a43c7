"""The messages of a SavedModel and its checkpoint, declared here so that TensorFlow need not be imported.

Field numbers: TensorFlow's saved_model.proto, meta_graph.proto, graph.proto, node_def.proto, attr_value.proto,
tensor.proto, function.proto, op_def.proto, saver.proto, variable.proto,
saved_object_graph.proto, trackable_object_graph.proto, tensor_bundle.proto.
Only what is read is declared. Enums are declared as int32, which has the same encoding.
"""

from __future__ import annotations

from workbench.backends.protobuf_schema import message_classes

DECLARATIONS = {
    "SavedModel": "int64 saved_model_schema_version = 1; repeated MetaGraphDef meta_graphs = 2",
    "MetaGraphDef": "MetaInfoDef meta_info_def = 1; GraphDef graph_def = 2; SaverDef saver_def = 3;"
    "map<string, CollectionDef> collection_def = 4; map<string, SignatureDef> signature_def = 5;"
    "repeated AssetFileDef asset_file_def = 6;"
    "SavedObjectGraph object_graph_def = 7",
    "SaverDef": "string filename_tensor_name = 1; string save_tensor_name = 2; string restore_op_name = 3",
    "CollectionDef": "oneof NodeList node_list = 1; oneof BytesList bytes_list = 2",
    "VariableDef": "string initializer_name = 2",
    "NodeList": "repeated string value = 1",
    "BytesList": "repeated bytes value = 1",
    "MetaInfoDef": "OpList stripped_op_list = 2; repeated string tags = 4; string tensorflow_version = 5",
    "OpList": "repeated OpDef op = 1",
    "OpDef": "string name = 1; repeated ArgDef input_arg = 2; repeated ArgDef output_arg = 3",
    "ArgDef": "string name = 1; int32 type = 3; string type_attr = 4; string number_attr = 5;string type_list_attr = 6",
    "GraphDef": "repeated NodeDef node = 1; FunctionDefLibrary library = 2",
    "NodeDef": "string name = 1; string op = 2; repeated string input = 3; string device = 4;"
    "map<string, AttrValue> attr = 5",
    "AttrValue": "oneof ListValue list = 1; oneof bytes s = 2; oneof int64 i = 3; oneof float f = 4; oneof bool b = 5;"
    "oneof int32 type = 6; oneof TensorShapeProto shape = 7; oneof TensorProto tensor = 8;"
    "oneof string placeholder = 9; oneof NameAttrList func = 10",
    "ListValue": "repeated bytes s = 2; repeated int64 i = 3; repeated float f = 4; repeated bool b = 5;"
    "repeated int32 type = 6; repeated TensorShapeProto shape = 7; repeated TensorProto tensor = 8;"
    "repeated NameAttrList func = 9",
    "NameAttrList": "string name = 1",
    "TensorShapeProto": "repeated Dim dim = 2; bool unknown_rank = 3",
    "Dim": "int64 size = 1; string name = 2",
    "TensorProto": "int32 dtype = 1; TensorShapeProto tensor_shape = 2; bytes tensor_content = 4;"
    "repeated float float_val = 5; repeated double double_val = 6; repeated int32 int_val = 7;"
    "repeated bytes string_val = 8; repeated float scomplex_val = 9; repeated int64 int64_val = 10;"
    "repeated bool bool_val = 11; repeated double dcomplex_val = 12; repeated int32 half_val = 13;"
    "repeated uint32 uint32_val = 16; repeated uint64 uint64_val = 17",
    "FunctionDefLibrary": "repeated FunctionDef function = 1",
    "FunctionDef": "OpDef signature = 1; repeated NodeDef node_def = 3; map<string, string> ret = 4;"
    "map<string, AttrValue> attr = 5; map<string, string> control_ret = 6; map<uint32, ArgAttrs> arg_attr = 7",
    "ArgAttrs": "map<string, AttrValue> attr = 1",
    "SignatureDef": "map<string, TensorInfo> inputs = 1; map<string, TensorInfo> outputs = 2; string method_name = 3",
    "TensorInfo": "oneof string name = 1; int32 dtype = 2; TensorShapeProto tensor_shape = 3;"
    "oneof CooSparse coo_sparse = 4; oneof CompositeTensor composite_tensor = 5",
    "CooSparse": "string values_tensor_name = 1; string indices_tensor_name = 2; string dense_shape_tensor_name = 3",
    "CompositeTensor": "repeated TensorInfo components = 2",
    "AssetFileDef": "TensorInfo tensor_info = 1; string filename = 2",
    "SavedObjectGraph": "repeated SavedObject nodes = 1; map<string, SavedConcreteFunction> concrete_functions = 2",
    "SavedObject": "repeated ObjectReference children = 1; oneof SavedUserObject user_object = 4;"
    "oneof SavedAsset asset = 5; oneof SavedFunction function = 6; oneof SavedVariable variable = 7;"
    "oneof SavedBareConcreteFunction bare_concrete_function = 8",
    "ObjectReference": "int32 node_id = 1; string local_name = 2",
    "SavedUserObject": "string identifier = 1; string metadata = 3",
    "SavedFunction": "repeated string concrete_functions = 1",
    "SavedAsset": "int32 asset_file_def_index = 1",
    "SavedBareConcreteFunction": "string concrete_function_name = 1",
    "SavedVariable": "int32 dtype = 1; TensorShapeProto shape = 2; bool trainable = 3; string name = 6",
    "SavedConcreteFunction": "repeated int32 bound_inputs = 2",
    "TrackableObjectGraph": "repeated TrackableObject nodes = 1",
    "TrackableObject": "repeated ObjectReference children = 1; repeated SerializedTensor attributes = 2",
    "SerializedTensor": "string name = 1; string full_name = 2; string checkpoint_key = 3",
    "BundleHeaderProto": "int32 num_shards = 1; int32 endianness = 2",
    "BundleEntryProto": "int32 dtype = 1; TensorShapeProto shape = 2; int32 shard_id = 3; int64 offset = 4;"
    "int64 size = 5; repeated TensorSliceProto slices = 7",
    "TensorSliceProto": "repeated Extent extent = 1",
    "Extent": "int64 start = 1; int64 length = 2",
}
_CLASSES = message_classes("workbench.saved_model", DECLARATIONS)
SavedModel = _CLASSES["SavedModel"]
VariableDef = _CLASSES["VariableDef"]
BundleHeader = _CLASSES["BundleHeaderProto"]
BundleEntry = _CLASSES["BundleEntryProto"]
TrackableObjectGraph = _CLASSES["TrackableObjectGraph"]

_DTYPES = (
    " float32 float64 int32 uint8 int16 int8 string complex64 int64 bool qint8 quint8 qint32 bfloat16 qint16 quint16 "
    "uint16 complex128 float16 resource variant uint32 uint64 float8_e5m2 float8_e4m3fn float8_e4m3fnuz "
    "float8_e4m3b11fnuz float8_e5m2fnuz int4 uint4 int2 uint2 float4_e2m1fn"
)


def dtype_of(number: int) -> str:
    """Return the numpy spelling of a TensorFlow DataType (types.proto), "" when unknown; references count as values."""
    number = number - 100 if number > 100 else number
    names = _DTYPES.split(" ")
    return names[number] if 0 <= number < len(names) else ""
