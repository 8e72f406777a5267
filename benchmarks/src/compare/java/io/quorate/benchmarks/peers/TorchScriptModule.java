package io.quorate.benchmarks.peers;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript module whose forward is {@code scaled_dot_product_attention}, written as the archive that PyTorch reads: a zip
 * of stored entries with the source of the class and a pickle of an instance without state.
 */
final class TorchScriptModule {
    private static final String SOURCE = """
            class Attention(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              def forward(self: __torch__.Attention,
                q: Tensor,
                k: Tensor,
                v: Tensor) -> Tensor:
                return torch.scaled_dot_product_attention(q, k, v)
            """;

    /** Protocol 2: the class, made without arguments, its state {"training": False}. */
    private static final String INSTANCE =
            "\u0080\u0002c__torch__\nAttention\n)\u0081}(X\u0008\u0000\u0000\u0000training\u0089ub.";

    private static final String NO_CONSTANTS = "\u0080\u0002).";

    private TorchScriptModule() {}

    static byte[] attention() {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            add(zip, "data.pkl", INSTANCE);
            add(zip, "code/__torch__.py", SOURCE);
            add(zip, "constants.pkl", NO_CONSTANTS);
            add(zip, "version", "10\n");
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static void add(final ZipOutputStream zip, final String name, final String text) throws IOException {
        final byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        final CRC32 crc = new CRC32();
        crc.update(bytes);
        final ZipEntry entry = new ZipEntry("attention/" + name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(bytes.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }
}
