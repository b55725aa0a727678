import type { NextConfig } from 'next';

// The preview is reached under a name of its own: the development server must take its pages' requests for their own.
const previewDomain = process.env.PREVIEW_DOMAIN;

const nextConfig: NextConfig = {
  allowedDevOrigins: previewDomain ? [`*.${previewDomain}`] : [],
};

export default nextConfig;
