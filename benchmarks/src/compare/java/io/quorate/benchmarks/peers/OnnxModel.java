package io.quorate.benchmarks.peers;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * An ONNX model of one node, Microsoft's MultiHeadAttention, written as the protocol buffer that it is: fields of
 * {@code onnx.proto} by number, each a key (number and wire type) and a varint or a length and bytes.
 */
final class OnnxModel {
    private static final int VARINT = 0;
    private static final int BYTES = 2;
    private static final int FLOAT_TENSOR = 1;
    private static final int INT_ATTRIBUTE = 2;
    private static final int IR_VERSION = 8;
    private static final int OPSET = 17;
    private static final String DOMAIN = "com.microsoft";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private OnnxModel() {}

    /** Inputs q, k, v and output o, each 1 x rows x cols float32. */
    static byte[] multiHeadAttention(final int rows, final int cols, final int heads) {
        final OnnxModel attribute =
                new OnnxModel().text(1, "num_heads").number(3, heads).number(20, INT_ATTRIBUTE);
        final OnnxModel node = new OnnxModel()
                .text(1, "q")
                .text(1, "k")
                .text(1, "v")
                .text(2, "o")
                .text(4, "MultiHeadAttention")
                .part(5, attribute)
                .text(7, DOMAIN);
        final OnnxModel graph = new OnnxModel().part(1, node).text(2, "attention");
        for (final String input : new String[] {"q", "k", "v"}) {
            graph.part(11, tensor(input, rows, cols));
        }
        graph.part(12, tensor("o", rows, cols));
        return new OnnxModel()
                .number(1, IR_VERSION)
                .part(7, graph)
                .part(8, new OnnxModel().text(1, "").number(2, OPSET))
                .part(8, new OnnxModel().text(1, DOMAIN).number(2, 1))
                .out
                .toByteArray();
    }

    /** ValueInfoProto: a name and a tensor type with a fixed shape. */
    private static OnnxModel tensor(final String name, final int rows, final int cols) {
        final OnnxModel shape = new OnnxModel();
        for (final int dimension : new int[] {1, rows, cols}) {
            shape.part(1, new OnnxModel().number(1, dimension));
        }
        final OnnxModel type = new OnnxModel().number(1, FLOAT_TENSOR).part(2, shape);
        return new OnnxModel().text(1, name).part(2, new OnnxModel().part(1, type));
    }

    private OnnxModel number(final int field, final long value) {
        varint((long) field << 3 | VARINT);
        varint(value);
        return this;
    }

    private OnnxModel text(final int field, final String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    private OnnxModel part(final int field, final OnnxModel part) {
        return bytes(field, part.out.toByteArray());
    }

    private OnnxModel bytes(final int field, final byte[] value) {
        varint((long) field << 3 | BYTES);
        varint(value.length);
        out.writeBytes(value);
        return this;
    }

    private void varint(final long value) {
        long rest = value;
        while (rest > 0x7f) {
            out.write((int) (rest & 0x7f | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }
}
