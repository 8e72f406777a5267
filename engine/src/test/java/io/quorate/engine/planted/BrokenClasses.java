package io.quorate.engine.planted;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodBuilder;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Loads the engine once more, with a few methods changed: a twin of the protocol that breaks one rule. The production classes
 * know nothing of it and have no switch for it. An edit that fits nothing is an error, so that a method that is renamed does not
 * leave a twin that breaks nothing.
 */
final class BrokenClasses extends ClassLoader {
    private static final String ENGINE = "io.quorate.engine.";

    private final Map<String, byte[]> broken = new HashMap<>();

    BrokenClasses(final List<Edit> edits) {
        super(BrokenClasses.class.getClassLoader());
        final ClassFile classFile = ClassFile.of(
                ClassFile.ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(getParent())));
        for (final Edit edit : edits) {
            final String name = ENGINE + edit.owner();
            final byte[] before = broken.containsKey(name) ? broken.get(name) : read(name);
            final Fitting fitting = new Fitting(edit);
            broken.put(name, classFile.transformClass(classFile.parse(before), fitting.transform()));
            if (fitting.count == 0) {
                throw new IllegalStateException("nothing in " + name + " fits " + edit);
            }
        }
    }

    @Override
    protected Class<?> loadClass(final String name, final boolean isResolved) throws ClassNotFoundException {
        if (!name.startsWith(ENGINE)) {
            return super.loadClass(name, isResolved);
        }
        synchronized (getClassLoadingLock(name)) {
            final Class<?> loaded = findLoadedClass(name);
            return loaded == null ? define(name) : loaded;
        }
    }

    private Class<?> define(final String name) {
        final byte[] bytes = broken.containsKey(name) ? broken.get(name) : read(name);
        return defineClass(name, bytes, 0, bytes.length);
    }

    private byte[] read(final String name) {
        try (InputStream bytes = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (bytes == null) {
                throw new IllegalStateException("there is no class " + name);
            }
            return bytes.readAllBytes();
        } catch (final IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Makes one edit, and counts where it fitted. */
    private static final class Fitting {
        private final Edit edit;
        private int count;

        private Fitting(final Edit edit) {
            this.edit = edit;
        }

        private ClassTransform transform() {
            return (builder, element) -> {
                if (element instanceof MethodModel method
                        && method.methodName().equalsString(edit.method())
                        && method.code().isPresent()) {
                    builder.transformMethod(method, (methodBuilder, part) -> {
                        if (part instanceof CodeModel code) {
                            change(methodBuilder, method, code);
                        } else {
                            methodBuilder.with(part);
                        }
                    });
                } else {
                    builder.with(element);
                }
            };
        }

        private void change(final MethodBuilder builder, final MethodModel method, final CodeModel code) {
            switch (edit.kind()) {
                case INSTEAD -> {
                    count++;
                    builder.withCode(body -> {
                        callBroken(body, method, method.methodTypeSymbol().returnType());
                        body.return_(TypeKind.from(method.methodTypeSymbol().returnType()));
                    });
                }
                case ANSWERING -> {
                    count++;
                    builder.withCode(body -> {
                        if (method.methodTypeSymbol().returnType().equals(ConstantDescs.CD_boolean)) {
                            body.loadConstant(edit.answer() ? 1 : 0).ireturn();
                        } else {
                            body.return_();
                        }
                    });
                }
                case FIRST -> {
                    count++;
                    builder.transformCode(code, new CodeTransform() {
                        @Override
                        public void atStart(final CodeBuilder body) {
                            callBroken(body, method, ConstantDescs.CD_void);
                        }

                        @Override
                        public void accept(final CodeBuilder body, final CodeElement element) {
                            body.with(element);
                        }
                    });
                }
                case CALLING, READING -> builder.transformCode(code, this::replace);
            }
        }

        private void replace(final CodeBuilder body, final CodeElement element) {
            if (edit.kind() == Edit.Kind.CALLING
                    && element instanceof InvokeInstruction call
                    && call.name().equalsString(edit.target())) {
                count++;
                final MethodTypeDesc type = call.opcode() == Opcode.INVOKESTATIC
                        ? call.typeSymbol()
                        : call.typeSymbol().insertParameterTypes(0, call.owner().asSymbol());
                body.invokestatic(ClassDesc.of(ENGINE + edit.rules()), edit.broken(), type);
            } else if (edit.kind() == Edit.Kind.READING
                    && element instanceof FieldInstruction read
                    && read.opcode() == Opcode.GETFIELD
                    && read.name().equalsString(edit.target())) {
                count++;
                body.pop().loadConstant(edit.answer() ? 1 : 0);
            } else {
                body.with(element);
            }
        }

        private void callBroken(final CodeBuilder body, final MethodModel method, final ClassDesc result) {
            MethodTypeDesc type = method.methodTypeSymbol().changeReturnType(result);
            final int parameters = type.parameterCount();
            final boolean hasReceiver = (method.flags().flagsMask() & ClassFile.ACC_STATIC) == 0;
            if (hasReceiver) {
                body.aload(body.receiverSlot());
            }
            for (int i = 0; i < parameters; i++) {
                body.loadLocal(TypeKind.from(type.parameterType(i)), body.parameterSlot(i));
            }
            if (hasReceiver) {
                final ClassModel owner = method.parent().orElseThrow();
                type = type.insertParameterTypes(0, owner.thisClass().asSymbol());
            }
            body.invokestatic(ClassDesc.of(ENGINE + edit.rules()), edit.broken(), type);
        }
    }
}
