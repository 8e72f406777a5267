package io.quorate.transport.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PeerIdentityTest {
    @TempDir
    Path folder;

    private final PeerIdentity identity = PeerIdentity.generate(Samples.random(1));

    @Test
    void shouldComeBackFromItsFiles() throws IOException {
        final Path privateFile = folder.resolve("key");
        final Path publicFile = folder.resolve("key.pub");
        identity.savePrivate(privateFile);
        identity.savePublic(publicFile);
        assertThat(PeerIdentity.load(privateFile).publicKey()).isEqualTo(identity.publicKey());
        assertThat(PeerIdentity.loadPublic(publicFile)).isEqualTo(identity.publicKey());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(privateFile)))
                .isEqualTo("rw-------");
    }

    @Test
    void shouldNotOverwriteAKey() throws IOException {
        final Path file = folder.resolve("key");
        identity.savePrivate(file);
        final byte[] before = Files.readAllBytes(file);
        assertThatThrownBy(() -> PeerIdentity.generate(Samples.random(2)).savePrivate(file))
                .isInstanceOf(FileAlreadyExistsException.class);
        assertThatThrownBy(() -> identity.savePublic(file)).isInstanceOf(FileAlreadyExistsException.class);
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "rw-----w-", "rw------x"})
    void shouldNotLoadAKeyThatOthersCanReach(final String permissions) throws IOException {
        final Path file = folder.resolve("key");
        identity.savePrivate(file);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
        assertThatThrownBy(() -> PeerIdentity.load(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(permissions)
                .hasMessageContaining("chmod 600");
    }

    @Test
    void shouldSayWhatIsWrongWithAFile() throws IOException {
        final Path file = folder.resolve("key");
        assertThatThrownBy(() -> PeerIdentity.load(file)).isInstanceOf(NoSuchFileException.class);
        Files.writeString(file, "hello\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        assertThatThrownBy(() -> PeerIdentity.load(file)).hasMessageContaining("is not a key file");
        assertThatThrownBy(() -> PeerIdentity.loadPublic(file)).hasMessageContaining("is not a key file");
        final Path publicFile = folder.resolve("key.pub");
        identity.savePublic(publicFile);
        Files.setPosixFilePermissions(publicFile, PosixFilePermissions.fromString("rw-------"));
        assertThatThrownBy(() -> PeerIdentity.load(publicFile)).hasMessageContaining("quorate-ed25519-private");
        Files.writeString(publicFile, "quorate-ed25519-public " + "00".repeat(32) + "\n");
        assertThatThrownBy(() -> PeerIdentity.loadPublic(publicFile)).hasMessageContaining("prime-order");
        Files.writeString(publicFile, "quorate-ed25519-public " + "zz".repeat(32) + "\n");
        assertThatThrownBy(() -> PeerIdentity.loadPublic(publicFile)).hasMessageContaining("hexadecimal");
    }

    @Test
    void shouldShowItsFingerprintOnly() throws IOException {
        final Path file = folder.resolve("key");
        identity.savePrivate(file);
        final String secret = Files.readString(file).strip().split(" ")[1];
        assertThat(identity.toString()).contains(identity.fingerprint()).doesNotContain(secret);
        assertThat(identity.fingerprint()).matches("([0-9a-f]{4}-){4}[0-9a-f]{4}");
    }
}
