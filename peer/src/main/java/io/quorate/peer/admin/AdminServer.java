package io.quorate.peer.admin;

import io.quorate.peer.format.JsonLine;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/** Listens on the admin socket of a data folder that this process holds; a virtual thread a connection. */
public final class AdminServer implements AutoCloseable {
    private static final int CONNECTIONS_MAX = 256;
    private static final long RETRY_NS = 100_000_000;

    private final UnixDomainSocketAddress address;
    private final ServerSocketChannel listener;
    private final AdminHandler handler;
    private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();

    private AdminServer(
            final UnixDomainSocketAddress address, final ServerSocketChannel listener, final AdminHandler handler) {
        this.address = address;
        this.listener = listener;
        this.handler = handler;
    }

    /** Opens the socket and answers until {@link #close()}. */
    public static AdminServer launch(final Path dataFolder, final AdminHandler handler) throws IOException {
        final UnixDomainSocketAddress address = AdminSocket.address(dataFolder);
        // Left by a process that was killed: the folder's lock is ours, so nobody listens there.
        Files.deleteIfExists(address.getPath());
        final ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(address);
        final AdminServer server = new AdminServer(address, listener, handler);
        Thread.ofVirtual().name("admin").start(server::accept);
        return server;
    }

    /** Fails early, before anything is started, if the folder's path cannot hold the socket. */
    public static void requireUsable(final Path dataFolder) {
        AdminSocket.address(dataFolder);
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (final SocketChannel connection : connections) {
            connection.close();
        }
        Files.deleteIfExists(address.getPath());
    }

    private void accept() {
        while (listener.isOpen()) {
            try {
                final SocketChannel connection = listener.accept();
                if (connections.size() == CONNECTIONS_MAX) {
                    connection.close();
                    continue;
                }
                connections.add(connection);
                Thread.ofVirtual().name("admin-connection").start(() -> serve(connection));
            } catch (final ClosedChannelException e) {
                return;
            } catch (final IOException e) {
                // Out of file descriptors, most likely: try again when some may be free.
                LockSupport.parkNanos(RETRY_NS);
            }
        }
    }

    private void serve(final SocketChannel connection) {
        try (connection) {
            final InputStream in = new BufferedInputStream(Channels.newInputStream(connection));
            final OutputStream out = Channels.newOutputStream(connection);
            for (String line = AdminSocket.readLine(in); line != null; line = AdminSocket.readLine(in)) {
                out.write((JsonLine.write(answer(line)) + "\n").getBytes(StandardCharsets.UTF_8));
            }
        } catch (final IOException e) {
            // The other side went away: there is nobody left to tell.
            connections.remove(connection);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            connections.remove(connection);
        }
    }

    private Map<String, ?> answer(final String line) throws InterruptedException {
        try {
            return handler.handle(JsonLine.read(line));
        } catch (final IllegalArgumentException e) {
            return Map.of(AdminClient.WRONG_INPUT, String.valueOf(e.getMessage()));
        } catch (final IllegalStateException e) {
            return Map.of(AdminClient.FAILED, String.valueOf(e.getMessage()));
        } catch (final RuntimeException e) {
            return Map.of(AdminClient.FAILED, e.toString());
        }
    }
}
