// BlobDisk
