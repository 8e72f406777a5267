package io.quorate.peer.admin;

import io.quorate.peer.format.JsonLine;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Talks to the peer that runs in a data folder. */
public final class AdminClient implements AutoCloseable {
    static final String WRONG_INPUT = "wrongInput";
    static final String FAILED = "failed";

    private final SocketChannel channel;
    private final InputStream in;

    private AdminClient(final SocketChannel channel) {
        this.channel = channel;
        this.in = new BufferedInputStream(Channels.newInputStream(channel));
    }

    /**
     * Connects to the peer of a data folder.
     *
     * @throws IllegalStateException if no peer runs there
     */
    public static AdminClient connect(final Path dataFolder) throws IOException {
        final UnixDomainSocketAddress address = AdminSocket.address(dataFolder);
        if (!Files.isDirectory(dataFolder)) {
            throw new IllegalArgumentException(dataFolder + " is no data folder of a peer: it is not there");
        }
        try {
            return new AdminClient(SocketChannel.open(address));
        } catch (final IOException e) {
            throw new IllegalStateException("no peer is running in " + dataFolder, e);
        }
    }

    /**
     * Sends one request and waits for its answer.
     *
     * @throws IllegalArgumentException if the peer calls the request wrong
     * @throws IllegalStateException if the peer cannot do it now, or stopped meanwhile
     */
    public Map<String, Object> request(final Map<String, ?> request) throws IOException {
        final String line;
        try {
            Channels.newOutputStream(channel).write((JsonLine.write(request) + "\n").getBytes(StandardCharsets.UTF_8));
            line = AdminSocket.readLine(in);
        } catch (final IOException e) {
            throw new IllegalStateException("the peer stopped before it answered", e);
        }
        if (line == null) {
            throw new IllegalStateException("the peer stopped before it answered");
        }
        final Map<String, Object> answer = JsonLine.read(line);
        if (answer.get(WRONG_INPUT) instanceof final String message) {
            throw new IllegalArgumentException(message);
        }
        if (answer.get(FAILED) instanceof final String message) {
            throw new IllegalStateException(message);
        }
        return answer;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
