export * from 'onnxruntime-common';
/** The execution providers that come with the package. */
export declare const listSupportedBackends: () => { name: string; bundled: boolean }[];
