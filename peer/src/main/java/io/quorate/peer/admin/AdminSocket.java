package io.quorate.peer.admin;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The Unix-domain socket of a running peer, in its private data folder: whoever may enter the folder may command the peer.
 * A connection carries lines, one JSON object each; every request line gets one answer line.
 */
final class AdminSocket {
    /** sun_path of Linux holds 108 bytes with the closing zero, that of macOS 104. */
    static final int PATH_LENGTH_MAX = 103;

    static final int LINE_LENGTH_MAX = 1 << 20;

    private AdminSocket() {}

    /**
     * The address of the peer that lives in a data folder.
     *
     * @throws IllegalArgumentException if the path is longer than the operating system allows
     */
    static UnixDomainSocketAddress address(final Path dataFolder) {
        final Path path = dataFolder.toAbsolutePath().normalize().resolve("admin.sock");
        final int lengthBytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
        if (lengthBytes > PATH_LENGTH_MAX) {
            throw new IllegalArgumentException("the path of the admin socket " + path + " has " + lengthBytes
                    + " bytes, at most " + PATH_LENGTH_MAX + " are allowed: choose a shorter data folder");
        }
        return UnixDomainSocketAddress.of(path);
    }

    /** The next line, or null at the end of the stream. */
    static String readLine(final InputStream in) throws IOException {
        final ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                if (line.size() > 0) {
                    throw new IOException("the connection ended inside a line");
                }
                return null;
            }
            if (line.size() == LINE_LENGTH_MAX) {
                throw new IOException("a line is longer than " + LINE_LENGTH_MAX + " bytes");
            }
            line.write(next);
        }
        return line.toString(StandardCharsets.UTF_8);
    }
}
